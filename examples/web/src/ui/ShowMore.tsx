import { Button } from './Button';

interface Props {
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
  /** Gets the cursor after which the next page begins. */
  onShow: (after: string | null) => void;
}

/** The button below a list that has another page. */
export const ShowMore = ({ pageInfo: { hasNextPage, endCursor }, onShow }: Props) =>
  hasNextPage && <Button onPress={() => onShow(endCursor)}>Show more</Button>;
