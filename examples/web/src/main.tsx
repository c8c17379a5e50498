import { createRoot } from 'react-dom/client';
import { App } from './App';
import './ui/theme.css';
import './ui/controls.css';
import './ui/overlays.css';
import './ui/content.css';
import './pages/pages.css';
import './board/board.css';
import './card/card.css';

createRoot(document.getElementById('root') as HTMLElement).render(<App />);
